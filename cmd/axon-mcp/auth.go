package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/axon-mcp/axon-mcp/oauth"
)

func (a *app) authCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "auth", Short: "List and revoke what people have allowed clients (OAuth)", GroupID: groupServe,
		Args: func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) },
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.authListCommand(), a.authRevokeCommand())
	return cmd
}

// withOAuthStore opens the store of the sign-ins for do.
func (a *app) withOAuthStore(ctx context.Context, do func(context.Context, oauth.Store) error) error {
	kept, closer, err := a.parts.oauthStore()
	if err != nil {
		return err
	}
	defer closer.Close()
	return do(ctx, kept)
}

func (a *app) authListCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "list", Short: "List grants, registered clients and pinned accounts", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withOAuthStore(cmd.Context(), func(ctx context.Context, kept oauth.Store) error {
				o, err := oauth.Look(ctx, kept)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(a.std.out, o)
				}
				_, err = fmt.Fprint(a.std.out, overviewText(o))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON value")
	return cmd
}

func overviewText(o *oauth.Overview) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d grants, %d access tokens, %d signed-in browsers\n", len(o.Grants), o.Tokens, o.Sessions)
	for _, g := range o.Grants {
		fmt.Fprintf(&b, "  %-12s %-28s %-24s %s  used %s\n", g.ID, g.Email, g.ClientName, strings.Join(g.Scopes, " "), g.Used.Format(time.DateTime))
	}
	fmt.Fprintf(&b, "%d registered clients\n", len(o.Clients))
	for _, c := range o.Clients {
		fmt.Fprintf(&b, "  %s  %s  %s\n", c.ID, c.Name, strings.Join(c.Redirects, " "))
	}
	fmt.Fprintf(&b, "%d pinned accounts\n", len(o.Pins))
	for _, p := range o.Pins {
		fmt.Fprintf(&b, "  %s  %s\n", p.Email, p.Subject)
	}
	return b.String()
}

func (a *app) authRevokeCommand() *cobra.Command {
	var sel oauth.Selection
	cmd := &cobra.Command{
		Use: "revoke [GRANT]", Short: "Revoke a grant, a client, a person's grants, or everything",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{"revoke takes one grant's id"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				sel.Grant = args[0]
			}
			return a.withOAuthStore(cmd.Context(), func(ctx context.Context, kept oauth.Store) error {
				done, err := oauth.Revoke(ctx, kept, sel)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.std.out, "revoked %d grants, %d clients, %d browser sessions, %d pins\n", done.Grants, done.Clients, done.Sessions, done.Pins)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&sel.Client, "client", "", "`id` of a client: its registration and all grants to it")
	cmd.Flags().StringVar(&sel.Person, "person", "", "`e-mail` or subject: all grants and sessions of one person")
	cmd.Flags().StringVar(&sel.Pin, "pin", "", "`e-mail` whose Google account is forgotten, so that another may enter with it")
	cmd.Flags().BoolVar(&sel.All, "all", false, "every grant, browser session and registered client")
	return cmd
}
