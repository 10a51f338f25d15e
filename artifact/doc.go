// Package artifact keeps what results point to: files under one folder, named
// by slash-separated paths.
//
// Nothing outside the folder is ever read, written or removed. A path is first
// checked by its form (checkPath): plain, relative, the same rule on every
// system. It is then opened through os.Root, so that a link that leads outside,
// also one that is put there meanwhile, fails at the system call. Only regular
// files count, and never a link itself. Names that begin with a dot are our own
// files in the making, and are not shown.
//
// What is missing and what must not be reached give the same answer: NotFound.
//
// A file appears whole or not at all: it is written beside its place and
// renamed. A process that is killed in between leaves a file that RemoveOlder
// removes an hour later.
package artifact
