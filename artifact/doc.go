// Package artifact keeps what results point to.
package artifact
