package sys

import "errors"

// ErrNoCgroup is in the error of NewCgroup: no cgroup can be had here.
var ErrNoCgroup = errors.New("no cgroup for memory that this process may divide")
