// Package spawn starts the program's own binary again as a child and brings it to the point where it can run a
// registered function, as Python's multiprocessing.spawn does. It holds the registry of functions, the guard against
// starting processes too early, the handshake between parent and child, and the entry and exit of a program.
//
// Most programs use package mp, which forwards to this one. A package that uses spawn directly, such as process or pool,
// registers a [Role], starts children in it with [Start], and talks to each over its link.
package spawn
