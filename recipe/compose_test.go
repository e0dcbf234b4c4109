package recipe

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const composeOfTRT = `== compose.yaml
services:
  llm:
    image: nvcr.io/nvidia/tensorrt-llm/release:1.3.0rc20
    command: trtllm-serve nvidia/DeepSeek-R1-0528-NVFP4-v2 --tp_size 8 --ep_size 8 --extra_llm_api_options /etc/llm/extra.yaml
    configs:
      - source: llm_options
        target: /etc/llm/extra.yaml
    deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 8, capabilities: [gpu]}]}}}
configs:
  llm_options:
    CONTENT
`

// Files that a compose file holds itself are read where a service has them.
func TestConfigsOfAComposeFile(t *testing.T) {
	with := func(content string) string { return strings.Replace(composeOfTRT, "CONTENT", content, 1) }
	const options = `content: |
      enable_attention_dp: true
      max_batch_size: ${BATCH:-192}
      max_num_tokens: 4096
      speculative_config: {decoding_type: MTP, num_nextn_predict_layers: 2}`
	r, err := Read(files(with(options)), Options{})
	require.NoError(t, err)
	require.Equal(t, "mixed 1x8 tp8 ep8 pp1 ranks8 dp 4096/192 recurrent:mtp:2", inShort(r))
	require.Empty(t, r.NotRead)
	r, err = Read(files(with(options)), Options{Variables: map[string]string{"BATCH": "64"}})
	require.NoError(t, err)
	require.Contains(t, inShort(r), "4096/64")

	short := strings.Replace(with(options), `
      - source: llm_options
        target: /etc/llm/extra.yaml`, " [llm_options]", 1)
	_, err = Read(files(short), Options{})
	require.ErrorContains(t, err, "extra.yaml is not among the files", "a config in short lies at /llm_options")
	r, err = Read(files(strings.Replace(short, "/etc/llm/extra.yaml", "/llm_options", 1)), Options{})
	require.NoError(t, err)
	require.Contains(t, inShort(r), "4096/192")

	r, err = Read(files(with("file: ./extra.yaml")+"== extra.yaml\nmax_batch_size: 32\nenable_attention_dp: false\n"), Options{})
	require.NoError(t, err)
	require.Contains(t, inShort(r), "/32")

	for content, want := range map[string]string{
		"external: true":                      "neither content nor a file",
		"content: '[1, 2]'":                   "want one mapping of options",
		"content: 'a: [1'":                    "want one mapping of options",
		"content: 'max_batch_size: ${BATCH}'": "$BATCH has no value here",
		"content: 'max_batch_size: $(nproc)'": "a substitution, which is never run",
		"file: ./absent.yaml":                 "absent.yaml is not among the files",
	} {
		_, err := Read(files(with(content)), Options{})
		require.ErrorContains(t, err, want, content)
	}
}
