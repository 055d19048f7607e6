// Messages that could not become readings, with the reason.

import { ask, type QuarantinePage } from "./api";
import { Empty, Shown, useLoad } from "./parts";
import { t } from "./texts";
import { moment } from "./words";

export function QuarantineView() {
  const loaded = useLoad("quarantine", (signal) => ask<QuarantinePage>("/quarantine", { limit: 100 }, signal));
  return (
    <>
      <h1>{t("quarantine")}</h1>
      <Shown of={loaded}>
        {(page) =>
          page.messages.length === 0 ? (
            <Empty what={t("quarantine_none")} next={t("quarantine_none_next")} />
          ) : (
            <>
              <p class="under">
                {Object.entries(page.waiting).map(([reason, n]) => (
                  <span key={reason}>{`${reason.replaceAll("_", " ")}, ${t("waiting", { n })}`}</span>
                ))}
              </p>
              <div class="scroll" tabIndex={0} role="region" aria-label={t("quarantine")}>
                <table>
                  <thead>
                    <tr>
                      <th scope="col">{t("received")}</th>
                      <th scope="col">{t("device")}</th>
                      <th scope="col">{t("reason")}</th>
                      <th scope="col">{t("detail")}</th>
                      <th scope="col">{t("payload")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {page.messages.map((one) => (
                      <tr key={one.id}>
                        <td>{moment(one.received_at)}</td>
                        <th scope="row">{one.device ?? one.topic}</th>
                        <td>{one.reason.replaceAll("_", " ")}</td>
                        <td>{one.detail}</td>
                        <td class="payload">{one.payload_text?.slice(0, 160)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </>
          )
        }
      </Shown>
    </>
  );
}
