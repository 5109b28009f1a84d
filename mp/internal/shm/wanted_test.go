package shm

import "testing"

func TestWanted(t *testing.T) {
	for value, want := range map[string]bool{"": true, "shm": true, "socket": false} {
		t.Setenv("MP_TRANSPORT", value)
		if got, err := Wanted(); got != want || err != nil {
			t.Errorf("%q: %t, %v", value, got, err)
		}
	}
	t.Setenv("MP_TRANSPORT", "sock")
	const text = "mp: MP_TRANSPORT=sock: it must be shm or socket; shm, where there is shared memory, is the default"
	if got, err := Wanted(); got || err == nil || err.Error() != text {
		t.Errorf("%t, %v", got, err)
	}
}
