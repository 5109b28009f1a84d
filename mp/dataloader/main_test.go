package dataloader

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

func TestMain(m *testing.M) { mp.TestMain(m) }
