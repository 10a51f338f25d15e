// Command acpagent is the agent of the tests as a program of its own: the visits
// of the web page (scripts/ui.sh) chat with it.
package main

import (
	"fmt"
	"os"

	"github.com/axon-mcp/axon-mcp/acp/acptest"
)

func main() {
	acptest.Main()
	fmt.Fprintln(os.Stderr, "usage: acpagent "+acptest.Word)
	os.Exit(2)
}
