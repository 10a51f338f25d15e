package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
)

// Config says where the model is.
type Config struct {
	BaseURL string        `env:"OPENAI_BASE_URL" about:"URL of an OpenAI-compatible server up to /v1, such as http://127.0.0.1:11434/v1; unset: no model"`
	APIKey  secret.String `env:"OPENAI_API_KEY" about:"its key; a local server may need none"`
	Model   string        `env:"OPENAI_MODEL" about:"name of the model, as that server calls it"`
}

// Validate names what is wrong.
func (c Config) Validate() error {
	if c.BaseURL == "" {
		return nil
	}
	var faults []error
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		faults = append(faults, errors.New("OPENAI_BASE_URL: is no http or https URL such as http://127.0.0.1:11434/v1"))
	}
	if c.Model == "" {
		faults = append(faults, errors.New("OPENAI_MODEL: is not set, but OPENAI_BASE_URL is"))
	}
	return errors.Join(faults...)
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 4 << 20

// Client asks one model. It is safe for concurrent use.
type Client struct {
	cfg  Config
	http *http.Client
}

// New returns the client of a configuration with a BaseURL. It connects at the
// first use.
func New(cfg Config) *Client {
	transport := &http.Transport{
		Proxy: nil, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
	}
	return &Client{cfg: cfg, http: &http.Client{
		Transport: transport,
		// The key must not follow to where a redirect leads.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Model is the model's name.
func (c *Client) Model() string { return c.cfg.Model }

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Message is one part of a conversation.
type Message struct {
	Role    string `json:"role"` // system, user or assistant
	Content string `json:"content"`
}

// Request is what a model is asked.
type Request struct {
	Messages  []Message
	MaxTokens int // 0: as many as the server gives
}

// Complete returns the model's answer. It fails with Timeout where the end of
// ctx came first, Busy where the server has had enough (429), Unavailable where
// it cannot be reached, and Upstream where it failed or did not answer in form.
func (c *Client) Complete(ctx context.Context, r Request) (string, error) {
	body := map[string]any{"model": c.cfg.Model, "messages": r.Messages, "stream": false}
	if r.MaxTokens > 0 {
		body["max_tokens"] = r.MaxTokens
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return "", fmt.Errorf("encode a request to the model: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(c.cfg.BaseURL, "/")+"/chat/completions", bytes.NewReader(raw))
	if err != nil {
		return "", fmt.Errorf("make a request to the model: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.cfg.APIKey.IsSet() {
		req.Header.Set("Authorization", "Bearer "+c.cfg.APIKey.Reveal())
	}
	res, err := c.http.Do(req)
	if err != nil {
		return "", explain(ctx, err, fault.Unavailable, "the model's server cannot be reached; check OPENAI_BASE_URL")
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return "", explain(ctx, err, fault.Upstream, "the model's server stopped in the middle of its answer")
	}
	if err := statusError(res); err != nil {
		return "", err
	}
	return textOf(answer)
}

// explain tells the caller's own end from the server's failure.
func explain(ctx context.Context, err error, code fault.Code, message string) error {
	switch {
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fault.Wrap(fault.Timeout, err, "the model did not answer in time")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fault.Wrap(code, err, "%s", message)
}

func statusError(res *http.Response) error {
	switch s := res.StatusCode; {
	case s == http.StatusOK:
		return nil
	case s == http.StatusTooManyRequests:
		wait := 10 * time.Second
		if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && n > 0 {
			wait = min(time.Duration(n)*time.Second, 10*time.Minute)
		}
		return &fault.Error{Code: fault.Busy, Message: "the model's server asks for a pause", RetryAfter: wait}
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		return fault.New(fault.Upstream, "the model's server refuses OPENAI_API_KEY")
	default:
		return fault.Errorf(fault.Upstream, "the model's server answered with status %d", s)
	}
}

func textOf(raw []byte) (string, error) {
	var answer struct {
		Choices []struct {
			Message struct {
				Content *string `json:"content"`
			} `json:"message"`
		} `json:"choices"`
	}
	err := json.Unmarshal(raw, &answer)
	if err != nil || len(raw) > maxAnswer || len(answer.Choices) == 0 || answer.Choices[0].Message.Content == nil {
		return "", fault.Wrap(fault.Upstream, err, "the model's server did not answer in the form of a chat completion")
	}
	return *answer.Choices[0].Message.Content, nil
}
