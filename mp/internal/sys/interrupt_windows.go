package sys

// HoldInterrupt has nothing to hold back: a process in a console group of its own hears no Ctrl-C.
func HoldInterrupt() (release func()) { return func() {} }
