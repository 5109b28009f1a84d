package shm

import "os"

// Wanted reports whether pipes, and links to the owners of objects, may use shared memory. MP_TRANSPORT=socket forbids it, as it
// does for links to children.
func Wanted() bool { return os.Getenv("MP_TRANSPORT") != "socket" }
