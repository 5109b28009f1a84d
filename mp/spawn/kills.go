package spawn

import (
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// sharedKills are the kernel's OOM kills in the cgroup that children share with this process. Each is the death of one process,
// so only one child may claim it.
var sharedKills = kills{read: sys.OOMKills}

type kills struct {
	read func() (int, error)

	mu      sync.Mutex
	claimed map[int]bool // by number of the kill, from 1
}

// count is how many kills there have been; −1 when that is not known.
func (k *kills) count() int {
	n, err := k.read()
	if err != nil {
		return -1
	}
	return n
}

// claim claims a kill, after the first before ones, that no child has claimed yet. It reports whether there was one.
func (k *kills) claim(before int) bool {
	now := k.count()
	if before < 0 {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for n := before + 1; n <= now; n++ { // oldest first: children that were started later can claim only the newer ones
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
