package spawn

import (
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// sharedKills are those that the kernel has killed for want of memory in the cgroup that children share with us. Each is the
// death of one process, so one child only may claim it.
var sharedKills = kills{read: sys.OOMKills}

type kills struct {
	read func() (int, error)

	mu      sync.Mutex
	claimed map[int]bool // by their number, from 1
}

// count is how many there have been; −1 when that is not known.
func (k *kills) count() int {
	n, err := k.read()
	if err != nil {
		return -1
	}
	return n
}

// claim reports whether there is one, after the first before ones, that no child has claimed yet.
func (k *kills) claim(before int) bool {
	now := k.count()
	if before < 0 {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for n := before + 1; n <= now; n++ { // the oldest: the newer ones are for those that were started later, too
		if !k.claimed[n] {
			if k.claimed == nil {
				k.claimed = make(map[int]bool)
			}
			k.claimed[n] = true
			return true
		}
	}
	return false
}
