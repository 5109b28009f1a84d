package compare

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/go-multiprocessing/multiprocessing/compare/job"
)

type wasm struct {
	runtime wazero.Runtime
	guest   wazero.CompiledModule
	idle    chan api.Module // instances; each serves one call at a time
}

// newWasm compiles the guest. Without WithCloseOnContextDone, which costs speed, an endless guest cannot be ended.
func newWasm(ctx context.Context, code []byte, endable bool) (way, error) {
	w := &wasm{
		runtime: wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
			WithCloseOnContextDone(endable).WithMemoryLimitPages(fence<<20>>16)),
		idle: make(chan api.Module, workers),
	}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, w.runtime); err != nil {
		return nil, err
	}
	var err error
	if w.guest, err = w.runtime.CompileModule(ctx, code); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *wasm) instance(ctx context.Context) (api.Module, error) {
	select {
	case m := <-w.idle:
		if !m.IsClosed() {
			return m, nil
		}
	default:
	}
	return w.runtime.InstantiateModule(ctx, w.guest, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
}

func (w *wasm) Call(ctx context.Context, kind job.Kind, n int) (int, error) {
	m, err := w.instance(ctx)
	if err != nil {
		return 0, err
	}
	results, err := m.ExportedFunction("run").Call(ctx, uint64(kind), uint64(n))
	if err != nil {
		m.Close(ctx)
		return 0, err
	}
	select {
	case w.idle <- m:
	default:
		m.Close(ctx)
	}
	if result := int(results[0]); result >= 0 {
		return result, nil
	}
	return 0, errors.New("the guest says that it failed; its error stays there")
}

func (w *wasm) Close() error { return w.runtime.Close(context.Background()) }
