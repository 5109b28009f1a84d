package measure

// Goal is what the first case of a row is to reach. The zero Goal asks for nothing.
type Goal struct {
	Text  string
	bound float64
	least bool // the bound is a lower one
	ratio bool // of the ratio to the anchor, not of the value
	more  bool // of what the value is above the anchor's
}

// AtMost bounds the value from above.
func AtMost(u Unit, v float64) Goal { return Goal{Text: "≤ " + u.Format(v), bound: v} }

// AtLeast bounds the value from below.
func AtLeast(u Unit, v float64) Goal { return Goal{Text: "≥ " + u.Format(v), bound: v, least: true} }

// TimesAtMost bounds the ratio to the anchor from above.
func TimesAtMost(v float64) Goal {
	return Goal{Text: "≤ " + digits(v) + " ×", bound: v, ratio: true}
}

// TimesAtLeast bounds the ratio to the anchor from below.
func TimesAtLeast(v float64) Goal {
	return Goal{Text: "≥ " + digits(v) + " ×", bound: v, least: true, ratio: true}
}

// MoreAtMost bounds from above what the value is more than the anchor's.
func MoreAtMost(u Unit, v float64) Goal {
	return Goal{Text: "≤ the anchor + " + u.Format(v), bound: v, more: true}
}

// Judge says whether it is met; nothing when nothing was asked for, or there is no ratio to judge.
func (g Goal) Judge(value, ratio float64) string {
	v := value
	switch {
	case g.ratio:
		v = ratio
	case g.more && ratio > 0:
		v -= value / ratio
	}
	switch {
	case g.Text == "":
		return ""
	case g.compares() && ratio == 0:
		return g.Text + ": nothing to compare with"
	case g.least && v >= g.bound, !g.least && v <= g.bound:
		return g.Text + ": met"
	}
	return g.Text + ": not met"
}

// compares says that it cannot be judged without an anchor.
func (g Goal) compares() bool { return g.ratio || g.more }
