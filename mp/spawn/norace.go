//go:build !race

package spawn

func raceEnviron() []string { return nil }
