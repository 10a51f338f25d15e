// Package store opens the database that every process of one data directory
// shares, and brings its schema up to date.
//
// The file is axon.db, SQLite in WAL mode. One connection writes (transactions
// begin IMMEDIATE, so that two writers queue instead of failing half-way), a
// pool reads. Durability is synchronous=NORMAL: a crash of the process loses
// nothing, a crash of the machine may lose the last commits and never the file.
//
// Migrations are goose files under migrations/sqlite, one a package. They run
// under a file lock, because several clients start their servers at once on a
// fresh directory; a database that is up to date already costs one query.
package store
