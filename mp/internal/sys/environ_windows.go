package sys

import "strings"

// NeededEnv are the variables without which a program does not even start: the loader looks for libraries with this one.
var NeededEnv = []string{"SYSTEMROOT"}

// EnvKey is the name of a variable as the system compares it.
func EnvKey(name string) string { return strings.ToUpper(name) }
