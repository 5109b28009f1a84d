package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the reference of this very module has to have.
func TestPages(t *testing.T) {
	out := filepath.Join(t.TempDir(), "api")
	if err := write("../..", out); err != nil {
		t.Fatal(err)
	}
	page := func(name string) string {
		text, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	facade := page("mp.md")
	if names := regexp.MustCompile(`(?m)^#+ \w+ \w+ {#\w+}$|^<a id="\w+">`).FindAllString(facade, -1); len(names) != 60 {
		t.Errorf("package mp has 60 names, its page %d: %q", len(names), names)
	}
	for name, wants := range map[string][]string{
		"mp.md": {
			"[pool.Map](pool.md#Map)",             // its text says so
			"[queue.ErrEmpty](queue.md#ErrEmpty)", // its declaration does
			"[conn.Conn](connection.md#Conn)",     // the noun, not the internal package
			"[source](../../mp/forward.go#L",
			"fmt.Println(mp.Apply(ctx, pool, Square, 7)", // an example
		},
		"connection.md": {"### Conn.Send {#Conn.Send}", "func (c *Conn) Send(", "### func Pipe {#Pipe}"},
		"pool.md":       {`<a id="Options.Workers"></a>`, "### Pool.Close {#Pool.Close}"},
		"index.md":      {"| [mp](mp.md) | Package mp runs Go functions"},
	} {
		for _, want := range wants {
			if !strings.Contains(page(name), want) {
				t.Errorf("%s has no %q", name, want)
			}
		}
	}
}
