// Command gen writes .env.example and docs/configuration.md from the settings
// that the code declares. It runs in the config folder, by go generate.
package main

import (
	"fmt"
	"os"

	"github.com/axon-mcp/axon-mcp/config"
)

func main() {
	for path, text := range map[string]string{
		"../.env.example":          config.EnvExample(),
		"../docs/configuration.md": config.Markdown(),
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}
