// Package recipe reads deployments as they are run, in the files of the tools
// that run them: SLURM recipes, Dynamo and llm-d manifests, compose files,
// scripts and command lines of vLLM, SGLang and TensorRT-LLM. It says what they
// mean in one vocabulary (engine-schedulers.md), and writes such files.
//
// Nothing is ever executed: assignments, defaults, arithmetic and conditions
// that can be decided from the text are evaluated, everything else is refused
// where it matters. What is not understood is listed.
package recipe
