package shm

import (
	"fmt"
	"os"
)

// transportVariable chooses what messages between processes travel over: "socket" does without shared memory.
const transportVariable = "MP_TRANSPORT"

// Wanted reports whether links and pipes shall have shared memory, where there is some. It is an error if the variable says neither.
func Wanted() (bool, error) {
	switch v := os.Getenv(transportVariable); v {
	case "", "shm":
		return true, nil
	case "socket":
		return false, nil
	default:
		return false, fmt.Errorf("mp: %s=%s: it must be shm or socket; shm, where there is shared memory, is the default", transportVariable, v)
	}
}
