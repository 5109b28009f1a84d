//go:build unix

package sys

// NeededEnv are the variables without which a program does not even start.
var NeededEnv []string

// EnvKey is the name of a variable as the system compares it.
func EnvKey(name string) string { return name }
