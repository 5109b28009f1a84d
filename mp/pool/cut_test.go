package pool

import "testing"

// The items that find no room in a message travel together in the next messages.
func TestItemsThatFindNoRoom(t *testing.T) {
	c := &call{pool: newPool(), limit: 25, opts: callOptions{chunk: 10}}
	c.pool.opts.Workers = 1
	w := &worker{pool: c.pool}
	var cuts []stretch
	for k := c.cut(maxChunk); k != nil; k = c.cut(maxChunk) {
		if k.count > 4 {
			w.cut(k, 3, 4) // the fourth one cannot be encoded
		}
		cuts = append(cuts, stretch{k.from, k.count})
	}
	for i, want := range []stretch{{0, 3}, {4, 3}, {8, 2}, {10, 3}, {14, 3}, {18, 2}, {20, 3}, {24, 1}} {
		if i >= len(cuts) || cuts[i] != want {
			t.Fatalf("%v, want %v at %d", cuts, want, i)
		}
	}
	if !c.idle() || c.open != 25 {
		t.Errorf("%d items are open", c.open)
	}
}
