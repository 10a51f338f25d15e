// Package index takes documents and chunks in and gives hits out.
package index
