//go:build !race

package spawn

func raceEnviron([]string) []string { return nil }
