package link

import (
	"os"
	"testing"
)

func dupFD(t testing.TB, _ *os.File) uintptr {
	t.Skip("there is no stream link on Windows yet")
	return 0
}
