package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
)

// Redis is the store that several servers share. Each write is one script,
// which Redis runs alone.
//
// Keys, after the prefix: "kind:key" holds a value and ends by itself;
// "index:kind" is a sorted set of the kind's keys by their end, which counts
// and lists them.
type Redis struct {
	client *redis.Client
	prefix string
	now    func() time.Time
}

// redisWait bounds one command, so that a Redis that hangs is a 503 at once.
const redisWait = 2 * time.Second

// NewRedis returns the store at a redis:// or rediss:// URL. It connects at the
// first use. The caller closes it.
func NewRedis(rawURL secret.String, prefix string, now func() time.Time) (*Redis, error) {
	options, err := redis.ParseURL(rawURL.Reveal())
	if err != nil { // its text may hold the password
		return nil, fault.New(fault.Invalid, "GOOGLE_OAUTH_REDIS_URL (or AXON_REDIS_URL): is no redis:// or rediss:// URL")
	}
	options.ContextTimeoutEnabled = true
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = redisWait, redisWait, redisWait
	options.MaxRetries = -1 // a write must not run twice
	options.DisableIdentity = true
	if now == nil {
		now = time.Now
	}
	return &Redis{client: redis.NewClient(options), prefix: orDefault(prefix, "axon:oauth:"), now: now}, nil
}

// LogRedis sends what the Redis library says of itself to a log, at level debug:
// what fails comes back as an error, too, and is logged by who asked. It holds
// for the whole process; the program calls it once, as it starts.
func LogRedis(log *slog.Logger) { redis.SetLogger(redisLog{log}) }

type redisLog struct{ log *slog.Logger }

// Printf is what the library calls.
func (l redisLog) Printf(ctx context.Context, format string, args ...any) {
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.LogAttrs(ctx, slog.LevelDebug, "redis library", slog.String("text", fmt.Sprintf(format, args...)))
	}
}

// Close drops the connections.
func (s *Redis) Close() error { return s.client.Close() }

func (s *Redis) key(kind Kind, key string) string { return s.prefix + string(kind) + ":" + key }
func (s *Redis) index(kind Kind) string           { return s.prefix + "index:" + string(kind) }

// The scripts get the entry's key and the index, and answer 1 for done.
const (
	// ARGV: value, life in ms, now in ms, limit, name in the index.
	putScript = `
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then return -1 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3] + ARGV[2], ARGV[5])
return 1`
	// ARGV: old value, new value, life in ms, now in ms, name in the index.
	swapScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4] + ARGV[3], ARGV[5])
return 1`
	// ARGV: name in the index.
	deleteScript = `
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])`
)

// Put is Store.Put.
func (s *Redis) Put(ctx context.Context, kind Kind, key string, value []byte, life time.Duration) error {
	n, err := s.eval(ctx, putScript, kind, key, value, life.Milliseconds(), s.now().UnixMilli(), kind.limit(), key)
	switch {
	case err != nil:
		return err
	case n < 0:
		return errLimit(kind)
	case n == 0:
		return errTaken(kind)
	}
	return nil
}

// Get is Store.Get.
func (s *Redis) Get(ctx context.Context, kind Kind, key string) ([]byte, error) {
	value, err := s.client.Get(ctx, s.key(kind, key)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, ErrNone
	}
	return value, away(err)
}

// Swap is Store.Swap.
func (s *Redis) Swap(ctx context.Context, kind Kind, key string, old, new []byte, life time.Duration) (bool, error) {
	n, err := s.eval(ctx, swapScript, kind, key, old, new, life.Milliseconds(), s.now().UnixMilli(), key)
	return n == 1, err
}

// Delete is Store.Delete.
func (s *Redis) Delete(ctx context.Context, kind Kind, key string) (bool, error) {
	n, err := s.eval(ctx, deleteScript, kind, key, key)
	return n == 1, err
}

// List is Store.List.
func (s *Redis) List(ctx context.Context, kind Kind) (map[string][]byte, error) {
	names, err := s.client.ZRange(ctx, s.index(kind), 0, -1).Result()
	if err != nil || len(names) == 0 {
		return nil, away(err)
	}
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = s.key(kind, name)
	}
	values, err := s.client.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, away(err)
	}
	entries := make(map[string][]byte, len(names))
	for i, value := range values {
		if text, live := value.(string); live {
			entries[names[i]] = []byte(text)
		}
	}
	return entries, nil
}

// Check is Store.Check.
func (s *Redis) Check(ctx context.Context) error {
	return away(s.client.Set(ctx, s.prefix+"check", "1", time.Minute).Err())
}

func (s *Redis) eval(ctx context.Context, script string, kind Kind, key string, args ...any) (int, error) {
	n, err := s.client.Eval(ctx, script, []string{s.key(kind, key), s.index(kind)}, args...).Int()
	return n, away(err)
}

// away says that Redis does not answer, which is never a reason to let in.
func away(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return &fault.Error{
		Code: fault.Unavailable, Message: "the store of the sign-ins cannot be reached; try again in a few seconds",
		Cause: fmt.Errorf("redis: %w", err), RetryAfter: 5 * time.Second,
	}
}
