package popen

import (
	"bytes"
	"testing"
)

// What is in the pipe when the process has ended is passed on, even if the grace is over before run gets to read, and although another
// process still holds the write end.
func TestOverBeforeTheRead(t *testing.T) {
	before := outputGrace
	outputGrace = -1
	defer func() { outputGrace = before }()
	var got bytes.Buffer
	d, err := NewDrain(&got)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	want := bytes.Repeat([]byte("left over "), 5000) // more than one read takes
	if _, err := d.w.Write(want); err != nil {
		t.Fatal(err)
	}
	d.end()
	d.run()
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d of %d bytes", got.Len(), len(want))
	}
}
