package spawn_test

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

func TestMain(m *testing.M) { mp.TestMain(prog.Tests{M: m}) }
