// Package artifact keeps what results point to: files under one folder, named
// by slash-separated paths.
//
// Nothing outside the folder is ever read or written. A path is checked by its
// form (checkPath) and then opened through os.Root, so that a link that leads
// outside fails at the system call. Only regular files count; what begins with
// a dot is ours and is not shown.
package artifact
