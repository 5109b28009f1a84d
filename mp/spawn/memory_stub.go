package spawn

import (
	"fmt"
	"os"
)

// Memory is how many bytes of memory the process uses now.
func (c *Child) Memory() int64 {
	var total, resident int64
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", c.Pid()))
	fmt.Sscan(string(b), &total, &resident)
	return resident * int64(os.Getpagesize())
}
