package configs

import (
	"embed"
	"reflect"

	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/step"
	"agentsim/trace"
)

//go:embed */*.yaml
var embedded embed.FS

// Presets is the library of everything that ships with the program.
func Presets() *Library {
	workloads := KindOf[trace.Workload]("workloads")
	workloads.Key = "profile"
	return &Library{FS: embedded, Root: "configs", Kinds: []Kind{
		KindOf[hardware.Accelerator]("accelerators"),
		KindOf[hardware.System]("systems"),
		KindOf[hardware.KernelSet]("kernels"),
		KindOf[llm.Spec]("models"),
		KindOf[step.EngineSpec]("engines"),
		KindOf[SLO]("slos"),
		KindOf[Protocol]("protocols"),
		KindOf[Factors]("factors"),
		{Name: "workloads", Type: reflect.TypeFor[trace.Workload](), Key: "profile"},
	}}
}
