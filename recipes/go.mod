module github.com/go-multiprocessing/multiprocessing/recipes

go 1.26.0

replace github.com/go-multiprocessing/multiprocessing => ../

require (
	github.com/go-multiprocessing/multiprocessing v0.0.0-00010101000000-000000000000
	github.com/spf13/cobra v1.10.2
	github.com/urfave/cli/v3 v3.14.0
	go.uber.org/goleak v1.3.0
)

require (
	github.com/fatih/color v1.13.0 // indirect
	github.com/hashicorp/go-hclog v1.6.3 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/mattn/go-colorable v0.1.12 // indirect
	github.com/mattn/go-isatty v0.0.14 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	github.com/vmihailenco/msgpack/v5 v5.4.1 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
