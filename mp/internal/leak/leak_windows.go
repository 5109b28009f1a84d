package leak

import (
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// lasting are the types of handles that this library opens. Handles of other types are the Go runtime's, which opens and closes
// threads, and what they wait on, at any time.
var lasting = map[string]bool{"File": true, "Process": true, "Job": true, "Section": true}

// descriptors maps the open handles to what they are. Copies of standard error are left out: they are made once. So is the handle of
// the working directory, which is another one after each change of the directory.
func descriptors() map[string]string {
	open := make(map[string]string)
	directory := sys.Directory()
	for h, kind := range sys.Handles() {
		if lasting[kind] && h != directory && !sys.SameObject(h, os.Stderr.Fd()) {
			open[fmt.Sprintf("%#x", h)] = kind
		}
	}
	return open
}

// processes lists our children.
func processes() (children []string) {
	all, err := sys.Children()
	if err != nil {
		panic(err) // without the list, the check would always pass
	}
	for _, p := range all {
		children = append(children, fmt.Sprintf("child process %v", p))
	}
	return children
}
