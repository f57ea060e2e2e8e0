FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY exporter exporter
ARG VERSION=unknown
ARG REVISION=unknown
RUN mkdir -p /out/data && for program in exporter:support_exporter exporter/supportctl:supportctl; do \
      CGO_ENABLED=0 go build -trimpath -buildvcs=false \
        -ldflags "-s -w -X github.com/prometheus/common/version.Version=$VERSION -X github.com/prometheus/common/version.Revision=$REVISION" \
        -o "/out/${program#*:}" "./${program%%:*}"; \
    done

FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="support_exporter" \
      org.opencontainers.image.description="Counts the conversations of AI support agents for Prometheus, durably and exactly once" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/support_exporter /out/supportctl /bin/
# Folders to mount volumes on, which then belong to the user of this image.
COPY --from=build --chown=nonroot:nonroot /out/data /data
COPY --from=build --chown=nonroot:nonroot /out/data /prometheus
COPY --from=build --chown=nonroot:nonroot /out/data /victoria-metrics-data
COPY examples/support_exporter.yml /etc/support_exporter/support_exporter.yml
# By number, so that Kubernetes can tell that it is not root.
USER 65532:65532
VOLUME /data
EXPOSE 10877
ENTRYPOINT ["/bin/support_exporter"]
CMD ["--config.file=/etc/support_exporter/support_exporter.yml", "--storage.path=/data"]
