//go:build !race

package synchronize

type shadow struct{}

func (*shadow) order() {}
