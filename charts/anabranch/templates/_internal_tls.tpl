{{/* How processes prove to each other who they are. */}}
{{- define "anabranch.internalTlsEnv" -}}
{{- with .Values.internalTls -}}
{{- if .secretName -}}
- {name: ANABRANCH_INTERNAL_TLS_DIR, value: /etc/anabranch/internal-tls}
- {name: ANABRANCH_INTERNAL_TLS_MODE, value: {{ .mode }}}
- {name: ANABRANCH_INTERNAL_TLS_NAME, value: {{ .serverName | quote }}}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "anabranch.internalTlsMount" -}}
{{- if .Values.internalTls.secretName -}}
- {name: internal-tls, mountPath: /etc/anabranch/internal-tls, readOnly: true}
{{- end }}
{{- end -}}

{{- define "anabranch.internalTlsVolume" -}}
{{- with .Values.internalTls.secretName -}}
- {name: internal-tls, secret: {secretName: {{ . | quote }}, defaultMode: 0440}}
{{- end }}
{{- end -}}

{{/* Where an operator that looks after other namespaces keeps their certificates: in memory. */}}
{{- define "anabranch.certificatesMount" -}}
{{- if eq .Values.operator.watch "AllNamespaces" -}}
- {name: certificates, mountPath: /run/anabranch}
{{- end }}
{{- end -}}

{{- define "anabranch.certificatesVolume" -}}
{{- if eq .Values.operator.watch "AllNamespaces" -}}
- {name: certificates, emptyDir: {medium: Memory, sizeLimit: 16Mi}}
{{- end }}
{{- end -}}

{{/* Plain text and Strict do not hear each other: from one to the other by way of Permissive, and only when every shard pod has
got there. Where there is no cluster to look at (a render), nothing is known and nothing refused. */}}
{{- define "anabranch.refuseTlsJump" -}}
{{- $wanted := ternary .Values.internalTls.mode "Off" (ne .Values.internalTls.secretName "") -}}
{{- $gateway := lookup "apps/v1" "Deployment" .Release.Namespace (printf "%s-gateway" (include "anabranch.fullname" .)) -}}
{{- if and .Release.IsUpgrade $gateway -}}
{{- $is := "Off" -}}
{{- range (index $gateway.spec.template.spec.containers 0).env -}}
{{- if eq .name "ANABRANCH_INTERNAL_TLS_MODE" }}{{ $is = .value }}{{ end -}}
{{- end -}}
{{- if and (ne $is $wanted) (ne $is "Permissive") (ne $wanted "Permissive") -}}
{{- fail (printf "internalTls is %s here and cannot become %s at once: pods of the two do not hear each other. Upgrade with internalTls.mode Permissive and a secretName first, wait until all pods are replaced, then upgrade to this" $is $wanted) -}}
{{- end -}}
{{- if and (eq $is "Permissive") (ne $wanted "Permissive") -}}
{{- if ne (int (dig "status" "updatedReplicas" 0 $gateway)) (int (dig "status" "replicas" 0 $gateway)) -}}
{{- fail (printf "internalTls cannot become %s yet: the gateways are not all Permissive. Wait for `kubectl rollout status -n %s deployment/%s`" $wanted .Release.Namespace $gateway.metadata.name) -}}
{{- end -}}
{{- range (lookup "apps/v1" "StatefulSet" .Release.Namespace "").items -}}
{{- if eq (dig "metadata" "labels" "app.kubernetes.io/component" "" .) "shard" -}}
{{- $isSaid := has "--internal-tls-mode=permissive" (index .spec.template.spec.containers 0).args -}}
{{- $isSeen := eq (int (dig "status" "observedGeneration" 0 .)) (int .metadata.generation) -}}
{{- $isDone := eq (dig "status" "currentRevision" "" .) (dig "status" "updateRevision" "" .) -}}
{{- if not (and $isSaid $isSeen $isDone) -}}
{{- fail (printf "internalTls cannot become %s yet: the pods of StatefulSet %s are not all Permissive. Wait for `kubectl rollout status -n %s statefulset/%s`" $wanted .metadata.name $.Release.Namespace .metadata.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
