#!/usr/bin/env bash
# A study in eight shards, as an array: Slurm gives every task its number and
# how many there are. A task that is preempted or runs out of time is queued
# again and goes on where it stopped. STUDY and OUT may be given to sbatch with
# --export=ALL,STUDY=…,OUT=…; OUT lies on a disk that all nodes see.
#SBATCH --job-name=agentsim
#SBATCH --array=0-7
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --mem-per-cpu=1G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=INT@300
set -euo pipefail

code=0
srun agentsim sweep "${STUDY:-h200-batching}" --out "${OUT:-h200-batching}" --workers "$SLURM_CPUS_PER_TASK" || code=$?
if [ "$code" -eq 130 ]; then # stopped before the end of its time: what is done is kept
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
fi
exit "$code"
