// Package config turns the environment into one validated value.
//
// It knows no setting itself but those of the program: each package declares a
// Config struct whose fields say their variable, default and meaning in tags,
//
//	PageBytes int64 `env:"AXON_MAX_PAGE_BYTES" default:"33554432" about:"…"`
//
// and Config puts these structs side by side. Load walks them by reflection, so
// that .env.example and docs/configuration.md (made by gen, held to the code by
// a test) cannot miss one.
//
// A value is looked for in this order, and the first place that has it wins:
//
//  1. flags of the command line
//  2. the environment
//  3. the file named by --env-file, or else .env in the data directory
//
// The working directory is never read: a client may start us in any checkout,
// and a checkout is not ours to trust. An empty value counts as not set. Every
// secret NAME may also be given as NAME_FILE, the path of a file that holds it.
//
//go:generate go run ./gen
package config
