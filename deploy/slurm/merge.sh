#!/usr/bin/env bash
# Joins the shards of shards.sh. Exit code 4: a threshold of the study was
# missed.
#SBATCH --job-name=agentsim-merge
#SBATCH --ntasks=1
#SBATCH --mem=2G
#SBATCH --time=00:30:00
set -euo pipefail

agentsim sweep merge "${OUT:-h200-batching}" --plot
