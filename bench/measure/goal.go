package measure

// Goal is what the first case of a row is to reach. The zero Goal asks for nothing.
type Goal struct {
	Text  string
	bound float64
	least bool // bound is a lower bound
	ratio bool // bound is for the ratio to the anchor, not for the value
	more  bool // bound is for the difference to the anchor's value
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

// MoreAtMost bounds from above the difference between the value and the anchor's.
func MoreAtMost(u Unit, v float64) Goal {
	return Goal{Text: "≤ the anchor + " + u.Format(v), bound: v, more: true}
}

// Judge says whether the goal is met, or that there is nothing to compare with if the ratio is 0. For the zero Goal it
// returns an empty string.
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

// compares reports whether the goal needs an anchor.
func (g Goal) compares() bool { return g.ratio || g.more }
