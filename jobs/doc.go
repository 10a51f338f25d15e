// Package jobs runs long work: rows, leases, delivery.
package jobs
