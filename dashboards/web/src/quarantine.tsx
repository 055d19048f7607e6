// Messages that could not become readings, with the reason.

import { useEffect, useState } from "preact/hooks";
import { ask, type Problem, type Quarantined, type QuarantinePage, tell } from "./api";
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
                      <th scope="col">{t("outcome")}</th>
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
                        <td><Outcome of={one} /></td>
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

const LOOK_MS = 700;
const PATIENCE_MS = 10_000;

/** What its last replay came to, and another one, after the cause was mended. */
function Outcome({ of }: { of: Quarantined }) {
  const [one, setOne] = useState(of);
  const [asked, setAsked] = useState(0);
  const [wrong, setWrong] = useState("");
  useEffect(() => setOne(of), [of]);
  useEffect(() => {
    if (asked === 0) return undefined;
    const timer = setTimeout(() => {
      ask<Quarantined>(`/quarantine/${of.id}`).then(
        (found) => {
          setOne(found);
          const over = found.replayed_at !== null || found.outcome !== of.outcome || Date.now() - asked > PATIENCE_MS;
          setAsked(over ? 0 : asked);
        },
        (error: Problem) => {
          setWrong(error.message);
          setAsked(0);
        },
      );
    }, LOOK_MS);
    return () => clearTimeout(timer);
  }, [asked, one]);
  const whole = one.payload_whole && one.trimmed_at === null;
  return (
    <span role="status" data-outcome={of.id}>
      {one.replayed_at !== null ? t("replayed") : wrong || one.outcome}{" "}
      {one.replayed_at === null && whole && (
        <button
          type="button"
          disabled={asked > 0}
          onClick={() => {
            setWrong("");
            tell(`/quarantine/${of.id}/replay`).then(
              () => setAsked(Date.now()),
              (error: Problem) => setWrong(error.message),
            );
          }}
        >
          {t("replay")}
        </button>
      )}
    </span>
  );
}
