package measure

import (
	"strings"
	"testing"
)

func TestNotWorse(t *testing.T) {
	for _, c := range []struct {
		ours, theirs []float64
		more         bool
		want         string
	}{
		{[]float64{1, 2, 3}, []float64{2, 3, 4}, false, "met"},
		{[]float64{2, 3, 4}, []float64{2, 3, 4}, true, "met"},
		{[]float64{3, 3, 4}, []float64{2, 2, 3}, false, "met within noise: ratio"},
		{[]float64{4, 5, 6}, []float64{1, 2, 3}, false, "not met: ratio"},
		{[]float64{4, 5, 6}, []float64{1, 2, 3}, true, "met"},
		{[]float64{1, 2, 3}, []float64{4, 5, 6}, true, "not met: ratio"},
		{[]float64{2, 2, 3}, []float64{3, 3, 2}, true, "met within noise: ratio"},
		{[]float64{0, 0, 0}, []float64{0, 0, 0}, false, "met"},
		{[]float64{1, 1, 1}, []float64{0, 0, 0}, false, "not met: ratio"},
	} {
		value := comparison{"ratio", c.ours, c.theirs, c.more}
		if got := notWorse(value, comparison{ours: []float64{0}, theirs: []float64{0}}); got != c.want {
			t.Errorf("%v beside %v: %q, want %q", c.ours, c.theirs, got, c.want)
		}
	}
	worse := comparison{"CPU ratio", []float64{2}, []float64{1}, false}
	if got, want := notWorse(comparison{"ratio", []float64{2}, []float64{1}, false}, worse), "not met: ratio, CPU ratio"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStanding(t *testing.T) {
	row := Row{Name: "wait", Cases: []Case{{Name: "ours", Rival: "theirs"}, {Name: "nobody's"}, {Name: "theirs"}}, Unit: Seconds}
	if err := row.Check(); err != nil {
		t.Error(err)
	}
	row = row.Rivals()
	if len(row.Cases) != 2 || row.Cases[0].Name != "ours" || row.Cases[1].Name != "theirs" {
		t.Fatalf("the rivals are %v", row.Cases)
	}
	s := Standing{Place: Place{Name: "hogs", About: "beside hogs"}, Results: []Result{
		{Row: row, Name: row.Name, Figures: []Figure{
			{Case: "ours", Samples: []Sample{{Value: 2e-6, CPU: 3e-6}, {Value: 4e-6, CPU: 3e-6}}},
			{Case: "theirs", Samples: []Sample{{Value: 4e-6, CPU: 2e-6}, {Value: 8e-6, CPU: 2e-6}}},
		}},
		{Name: "lost", Figures: []Figure{{Case: "ours"}, {Case: "theirs", Err: "it has died"}}},
	}}
	var b strings.Builder
	s.Markdown(&b)
	want := `**hogs**: beside hogs

| row | median | min–max | the rival's | min–max | ratio | CPU/op | CPU ratio | not worse |
| --- | --: | --: | --: | --: | --: | --: | --: | --- |
| wait | 3.00 µs | 2.00–4.00 µs | 6.00 µs | 4.00–8.00 µs | 0.50 | 3.00 µs | 1.50 | not met: CPU ratio |
| lost | failed: theirs: it has died |  |  |  |  |  |  |  |

`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}
