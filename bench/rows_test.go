package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestRows(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	plain := regexp.MustCompile(`^[a-z0-9/-]+$|^[a-z]+/[0-9]+[KM]iB$`) // can be typed after -run
	for _, row := range rows() {
		if err := row.Check(); err != nil {
			t.Error(err)
		}
		if seen[row.Name] || !plain.MatchString(row.Name) {
			t.Errorf("%s is not a name of its own", row.Name)
		}
		seen[row.Name] = true
		family, _, _ := strings.Cut(row.Name, "/")
		if !strings.Contains(string(readme), "| `"+family) {
			t.Errorf("README.md does not say what the rows %s are", family)
		}
		if !strings.HasPrefix(row.Cases[0].Name, ours) && family != "growth" {
			t.Errorf("the first case of %s is %s, not one of ours", row.Name, row.Cases[0].Name)
		}
		for _, c := range row.Cases {
			for _, need := range c.Needs {
				if builds[need] == nil && !slices.Contains(peerNames, need) {
					t.Errorf("%s, %s needs %s, which nobody knows", row.Name, c.Name, need)
				}
			}
		}
	}
}

func TestPlaces(t *testing.T) {
	if found, err := findPlaces("hogs,1core"); err != nil || len(found) != 2 || found[0].Hogs != 2 || found[1].CPUs == "" {
		t.Errorf("%v, %v", found, err)
	}
	if found, err := findPlaces(""); err != nil || found != nil {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := findPlaces("hogs,water"); err == nil {
		t.Error("water is a place")
	}
}

func TestMissing(t *testing.T) {
	t.Setenv(cacheVar, t.TempDir())
	p, err := newPrograms(t.Context(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Missing("piscina"); err == nil || !strings.HasPrefix(err.Error(), "not installed") {
		t.Errorf("of what is not installed it says %v", err)
	}
	p.peers = []string{"c"}
	if err := p.Missing("python"); err == nil || err.Error() != "left out" {
		t.Errorf("of what was left out it says %v", err)
	}
	if _, err := newPrograms(t.Context(), "cobol", false); err == nil {
		t.Error("cobol is a peer")
	}
}

func TestWork(t *testing.T) {
	if a, b, c := spin(1000), spin(1000), spin(1001); a != b || a == c {
		t.Error("spin does not depend on its argument only")
	}
	if n := calibrate(); n < 1000 {
		t.Errorf("%d turns in a millisecond", n)
	}
	t.Setenv(spinVar, "")
	if _, err := turns(1); err == nil {
		t.Error("a machine of unknown speed is no error")
	}
	items := numbers(1001)
	if err := doubled(crew(workers, items, double), nil); err != nil {
		t.Error(err)
	}
	if err := doubled(halves(items), nil); err != nil {
		t.Error(err)
	}
	if order(0).run() <= 0 {
		t.Error("an order is worth nothing")
	}
}
