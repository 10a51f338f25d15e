// Package tools is the registry: every capability once, one file a tool.
package tools
