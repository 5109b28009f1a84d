package measure

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Unit is the unit of the figures of a row. They are kept in the base unit, and printed in a readable one.
type Unit int

const (
	Seconds        Unit = iota // for an operation
	PerSecond                  // operations
	BytesPerSecond             // of payload
	Bytes                      // of memory
	Events                     // in a second
)

// Format prints a value with three digits.
func (u Unit) Format(v float64) string {
	switch u {
	case Seconds:
		return scaled(v*1e9, 1000, "ns", "µs", "ms", "s")
	case PerSecond:
		return scaled(v, 1000, "/s", "k/s", "M/s", "G/s")
	case BytesPerSecond:
		return scaled(v/1e6, 1000, "MB/s", "GB/s")
	case Bytes:
		return scaled(v/1024, 1024, "KiB", "MiB", "GiB")
	}
	return digits(v) + " /s"
}

// more reports whether more is better.
func (u Unit) more() bool { return u == PerSecond || u == BytesPerSecond }

// span prints the least and the greatest of some values, and the unit once if both have it.
func (u Unit) span(values []float64) string {
	low, high := u.Format(slices.Min(values)), u.Format(slices.Max(values))
	if low == high {
		return low
	}
	n, unit, _ := strings.Cut(low, " ")
	if strings.HasSuffix(high, " "+unit) {
		low = n
	}
	return low + "–" + high
}

// scaled picks the unit in which the value is below step.
func scaled(v, step float64, units ...string) string {
	last := len(units) - 1
	for i, unit := range units {
		if math.Abs(v) < step*0.9995 || i == last { // 999.7 is 1000 when it is printed
			return digits(v) + " " + unit
		}
		v /= step
	}
	return ""
}

// digits prints three digits, or two of a value below a tenth.
func digits(v float64) string {
	a := math.Abs(v)
	switch {
	case a == 0:
		return "0"
	case a < 0.0995:
		return fmt.Sprintf("%.2g", v)
	case a >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case a >= 9.995:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
