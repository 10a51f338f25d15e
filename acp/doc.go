// Package acp runs coding agents over the Agent Client Protocol: axon-mcp is
// the client, the agent a child process that asks before it acts.
//
// # Who may answer what (SEC-7)
//
// Permissions holds the open requests of one connection, under the pair
// (session id, tool call id). Session ids that leave the server are ours and
// random; the agents' own ids, which collide as soon as two of them count from
// one, never do. Each request has a random id of its own besides, since one pair
// can be asked several times at once. A request leaves the map in one step,
// under one lock, and whoever takes it out decides: the answer, the time-out,
// the cancel or the end of the connection. All others find nothing.
//
// # A session
//
// Host starts one process for each session and keeps it across its turns. What
// the agent does becomes numbered events in a bounded replay; the connection
// that is attached gets them at once, one that comes back gets what it missed.
// The session outlives its socket for a while, and its process never outlives
// the session: the whole process group is told to end, and after ten seconds
// killed.
//
// # What an agent's words are worth
//
// Nothing. Its updates are passed on as it sent them and its titles are cleaned
// of what could pose as ours. It gets a listed environment, no shell, no files
// and no terminal unless both the operator and the client ask for them.
package acp
