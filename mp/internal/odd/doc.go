// Package odd has tests only: programs that use package mp, run in places that are unlike the one they were written in. Root
// directories without /proc, few descriptors, pid 1, setuid, system calls that fail. What is to be seen there is told in
// docs/PLATFORMS.md.
package odd
