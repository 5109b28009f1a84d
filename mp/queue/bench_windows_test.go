package queue_test

import "time"

// cpu is not measured here.
func cpu() (self, children time.Duration) { return 0, 0 }
