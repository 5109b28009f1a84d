package boot

import (
	"strings"
	"testing"
)

func TestMarkerRoundTrip(t *testing.T) {
	env := Environ(3, 4, 1<<64-1)
	value, found := strings.CutPrefix(env, marker+"=")
	if !found {
		t.Fatalf("Environ = %q", env)
	}
	link, crash, nonce, ok := parseMarker(value)
	if !ok || link != 3 || crash != 4 || nonce != 1<<64-1 {
		t.Fatalf("parseMarker(%q) = %d, %d, %d, %v", value, link, crash, nonce, ok)
	}
}

func TestMarkerRefusesEverythingElse(t *testing.T) {
	for _, s := range []string{
		"", "1", "3,4", "3,4,", ",,", "3,,5", "3,4,5,6", "-3,4,5", "3,4,5x", " 3,4,5", "99999999999,4,5",
		"3,4,18446744073709551616", "3,4,99999999999999999999999", "3;4;5", "3,4,5\n",
	} {
		if _, _, _, ok := parseMarker(s); ok {
			t.Errorf("parseMarker(%q) believed it", s)
		}
	}
}

func FuzzMarker(f *testing.F) {
	f.Add("3,4,5")
	f.Add("3,4,18446744073709551616")
	f.Fuzz(func(t *testing.T, s string) {
		link, crash, nonce, ok := parseMarker(s)
		if !ok {
			return
		}
		// Except for leading zeros, a parent could have written what parseMarker accepts.
		l, c, n, ok := parseMarker(strings.TrimPrefix(Environ(link, crash, nonce), marker+"="))
		if !ok || l != link || c != crash || n != nonce {
			t.Fatalf("%q is read as %d,%d,%d and back as %d,%d,%d", s, link, crash, nonce, l, c, n)
		}
	})
}
