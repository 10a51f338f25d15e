// Package store opens the database that every process of one data directory
// shares, and brings its schema up to date.
//
// The file is axon.db, SQLite in WAL mode. One connection a process writes
// (transactions begin IMMEDIATE, so that two writers queue instead of failing
// half-way), a pool reads and cannot write. Durability is synchronous=NORMAL: a
// crash of the process loses nothing, a crash of the machine may lose the last
// commits and never the file.
//
// # Many writers
//
// SQLite's write lock is not fair: who waits for it sleeps between two looks,
// and a process that writes page after page takes it again in the gap. Tx
// therefore passes a turnstile first (turn.lock, a file lock): it is held only
// while a transaction begins, so whoever waits for the write lock waits in the
// turnstile, and the busy process behind it.
//
// # Migrations
//
// They are goose files under migrations/sqlite, one a package, and run under a
// file lock, because several clients start their servers at once on a fresh
// directory. A database that is up to date costs one query. A migration that
// this program does not know was applied by a newer one: Open refuses.
//
// # Where nothing can be written
//
// A directory on a read-only mount, or of another user, is opened for reading
// alone (readonly.go): it can be searched, and every write fails with words that
// say why. Nothing that was committed is left out: a WAL that cannot be read
// makes the opening fail.
package store
