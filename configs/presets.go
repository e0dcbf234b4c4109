package configs

import (
	"embed"

	"agentsim/configs/tree"
	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/step"
	"agentsim/trace"
)

//go:embed */*.yaml
var embedded embed.FS

// Presets is the library of everything that ships with the program.
func Presets() *Library {
	workloads := tree.KindOf[trace.Workload]("workloads")
	workloads.Key = "profile"
	return &Library{FS: embedded, Root: "configs", Kinds: []tree.Kind{
		tree.KindOf[hardware.Accelerator]("accelerators"),
		tree.KindOf[hardware.System]("systems"),
		tree.KindOf[hardware.KernelSet]("kernels"),
		tree.KindOf[llm.Spec]("models"),
		tree.KindOf[step.EngineSpec]("engines"),
		tree.KindOf[step.DraftSpec]("drafts"),
		tree.KindOf[SLO]("slos"),
		tree.KindOf[Protocol]("protocols"),
		tree.KindOf[Factors]("factors"),
		tree.KindOf[Accuracy]("accuracy"),
		tree.KindOf[Runs]("runs"),
		workloads,
	}}
}
