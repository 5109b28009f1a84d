package measure

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		unit  Unit
		value float64
		want  string
	}{
		{Seconds, 0, "0 ns"},
		{Seconds, 1.5e-6, "1.50 µs"},
		{Seconds, 23.44e-6, "23.4 µs"},
		{Seconds, 999.9e-6, "1.00 ms"},
		{Seconds, 12, "12.0 s"},
		{PerSecond, 3.1e6, "3.10 M/s"},
		{PerSecond, 812, "812 /s"},
		{BytesPerSecond, 5e9, "5.00 GB/s"},
		{Bytes, 4 << 20, "4.00 MiB"},
		{Events, 0.25, "0.25 /s"},
		{Events, 0.0042, "0.0042 /s"},
	} {
		if got := c.unit.Format(c.value); got != c.want {
			t.Errorf("%v of unit %d: %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		goal         Goal
		value, ratio float64
		want         string
	}{
		{Goal{}, 1, 1, ""},
		{AtMost(Seconds, 10e-6), 9e-6, 0, "≤ 10.0 µs: met"},
		{AtMost(Seconds, 10e-6), 11e-6, 0, "≤ 10.0 µs: not met"},
		{AtLeast(PerSecond, 3e6), 3e6, 0, "≥ 3.00 M/s: met"},
		{TimesAtMost(1.45), 1, 1.5, "≤ 1.45 ×: not met"},
		{TimesAtLeast(0.85), 1, 0.9, "≥ 0.85 ×: met"},
		{MoreAtMost(Seconds, 5e-3), 9e-3, 2, "≤ the anchor + 5.00 ms: met"},
		{MoreAtMost(Seconds, 5e-3), 9e-3, 3, "≤ the anchor + 5.00 ms: not met"},
		{MoreAtMost(Seconds, 5e-3), 9e-3, 0, "≤ the anchor + 5.00 ms: nothing to compare with"},
		{TimesAtLeast(0.85), 1, 0, "≥ 0.85 ×: nothing to compare with"},
	} {
		if got := c.goal.Judge(c.value, c.ratio); got != c.want {
			t.Errorf("%s of %v, %v: %q, want %q", c.goal.Text, c.value, c.ratio, got, c.want)
		}
	}
}

func result() Result {
	row := Row{Name: "wait", About: "waiting", Unit: Seconds, Anchor: "theirs", Goal: TimesAtMost(1.5)}
	return Result{Row: row, Name: row.Name, Figures: []Figure{
		{Case: "ours", Samples: []Sample{{Value: 2e-6, P50: 1e-6, P99: 9e-6}, {Value: 30e-6}, {Value: 4e-6}}},
		{Case: "theirs", Samples: []Sample{{Value: 1e-6}, {Value: 30e-6}, {Value: 5e-6}}},
		{Case: "nobody's", Missing: "not installed"},
	}}
}

// The ratio is that of the rounds, 2, 1 and 0.8, and not of the medians.
func TestText(t *testing.T) {
	var b strings.Builder
	r := result()
	r.Text(&b)
	want := `wait: waiting; ratio to: theirs
  case       median       min–max  p50  p99  CPU/op  ratio  goal
  ours      4.00 µs  2.00–30.0 µs                     1.00  ≤ 1.50 ×: met
  theirs    5.00 µs  1.00–30.0 µs                     1.00
  nobody's  not installed

`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}

func TestFill(t *testing.T) {
	name := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(name, []byte("a\n<!-- figures -->\nold\n<!-- end of figures -->\nz\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	r := result()
	r.Markdown(&b)
	for range 2 { // the second time it is there already
		if err := Fill(name, Figures, []byte(b.String())); err != nil {
			t.Fatal(err)
		}
	}
	page, _ := os.ReadFile(name)
	want := "a\n<!-- figures -->\n\n**wait**: waiting; ratio to: theirs\n\n" +
		"| case | median | min–max | ratio | goal |\n| --- | --: | --: | --: | --- |\n" +
		"| ours | 4.00 µs | 2.00–30.0 µs | 1.00 | ≤ 1.50 ×: met |\n| theirs | 5.00 µs | 1.00–30.0 µs | 1.00 |  |\n" +
		"| nobody's | not installed |  |  |  |\n<!-- end of figures -->\nz\n"
	if string(page) != want {
		t.Errorf("got:\n%s\nwant:\n%s", page, want)
	}
	if Fill(name, Rivals, nil) == nil {
		t.Error("a page without marks was filled")
	}
}

// The CPU time of a child that lives counts, and that of one that has ended.
func TestCPU(t *testing.T) {
	before := cpuBefore()
	if err := exec.Command("sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done").Run(); err != nil {
		t.Skip(err)
	}
	ended := cpuSince(before)
	if ended <= 0 {
		t.Errorf("a loop of a child took %v", ended)
	}
	before = cpuBefore()
	p, err := NewPartner(context.Background(), "sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo ready; read x")
	if err != nil {
		t.Fatal(err)
	}
	if lives := cpuSince(before); lives < ended/20 {
		t.Errorf("the loop of a child that lives took %v, of one that has ended %v", lives, ended)
	}
	if below := Below(os.Getpid()); len(below) != 1 || below[0].Pid != p.Pid() {
		t.Errorf("below this process are %v, not %d", below, p.Pid())
	}
	if PSS(p.Pid()) == 0 || Switches(p.Pid()) == 0 {
		t.Error("nothing is known of a child that lives")
	}
	p.Close()
}

func TestPartner(t *testing.T) {
	m := NewMeter(Seconds, false)
	if err := m.Partner(context.Background(), "sh", "-c", "echo ready; read x; echo 4 0.002 0.0004 0.0009; read x; exit 0"); err != nil {
		t.Fatal(err)
	}
	if s, err := m.Sample(); s.Value != 0.0005 || s.P99 != 0.0009 || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
	for _, script := range []string{"exit 0", "exit 3", "echo what", "echo ready", "echo ready; read x; echo 0 0 0 0; read x"} {
		if err := NewMeter(Seconds, false).Partner(context.Background(), "sh", "-c", script); err == nil {
			t.Errorf("%q is no error", script)
		}
	}
}

func TestMeter(t *testing.T) {
	calls := 0
	m := NewMeter(PerSecond, false)
	if err := m.All(100, func(n int) error { calls += n; time.Sleep(time.Millisecond); return nil }); err != nil {
		t.Fatal(err)
	}
	if s, _ := m.Sample(); calls != 111 || s.Value <= 0 || s.Value > 100_000 {
		t.Errorf("%d calls, %+v", calls, s)
	}
	if _, err := NewMeter(Bytes, false).Sample(); err == nil {
		t.Error("a sample of nothing is no error")
	}
	if q := NewMeter(Bytes, true); q.Count(1000) != 10 || q.Count(3) != 2 || q.Count(1) != 1 {
		t.Error("a quick meter counts", q.Count(1000), q.Count(3), q.Count(1))
	}
}
