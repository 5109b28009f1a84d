package sys

// HoldInterrupt does nothing: a process in a console group of its own receives no Ctrl-C.
func HoldInterrupt() (release func()) { return func() {} }
