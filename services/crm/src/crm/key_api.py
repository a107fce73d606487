from typing import Annotated
from urllib.parse import quote

import structlog
from fastapi import Depends, Query, Request, Response
from shared.auth import Who
from shared.batches import only
from shared.bodies import Code
from shared.database import passes
from shared.key_uses import KeyId
from shared.pages import Page
from shared.routes import Reading, Run, TransactionalRoute, Tx, router
from shared.scopes import needs

from crm import key_queries
from crm.commands.keys import issue_keys, revoke_keys
from crm.errors import NoAnswerKept
from crm.granting import Wanted
from crm.key_schemas import CustomerKeyView, IssuedCustomerKey, IssuedStaffKey, KeyFilters, NewKey, NewStaffKey, StaffKeyView

log = structlog.get_logger()


class KeyRoute(TransactionalRoute):
    """What has changed is in force in this process before it is answered; in the others within seconds."""

    def get_route_handler(self) -> Run:
        run = super().get_route_handler()
        if "GET" in (self.methods or ()):
            return run

        async def handle(request: Request) -> Response:
            response = await run(request)
            try:
                await request.app.state.keys.refresh(request.app.state.pool)
            except Exception as error:
                if not passes(error):
                    raise
                log.warning("keys.not_read", error=repr(error))
            return response

        return handle


def _secret_answer(request: Request) -> None:
    """An answer with a secret in it is kept nowhere; as every answer it says so to those on the way."""
    if "idempotency-key" in request.headers:
        raise NoAnswerKept


SHOWN_ONCE = (
    "The secret is shown in this answer only. It is not kept, so an `Idempotency-Key` is refused: whose answer was lost revokes the \
key (it is in the list) and asks for another."
)
secret_answer = Depends(_secret_answer)
api = router()
api.route_class = KeyRoute


@api.post(
    "/customers/{customer_id}/keys", response_model=IssuedCustomerKey, status_code=201, description=SHOWN_ONCE, dependencies=[secret_answer]
)
@needs("keys:write")
async def post_customer_key(customer_id: Code, new: NewKey, who: Who, tx: Tx, response: Response) -> IssuedCustomerKey:
    done = only(await issue_keys(tx, who, [Wanted(customer_id, frozenset(new.scopes), new.expires_at, new.label)]))
    response.headers["Location"] = f"/customers/{quote(customer_id, safe='')}/keys/{done.value.key_id}"
    return IssuedCustomerKey.model_validate(done.value.shown(), from_attributes=True)


@api.get("/customers/{customer_id}/keys", response_model=Page[CustomerKeyView])
@needs("keys:write")
async def get_customer_keys(customer_id: Code, reading: Reading, filters: Annotated[KeyFilters, Query()]) -> Page[CustomerKeyView]:
    """All keys of the customer, revoked and expired ones too."""
    return await key_queries.customer_keys(reading, customer_id, filters)


@api.get("/customers/{customer_id}/keys/{key_id}", response_model=CustomerKeyView)
@needs("keys:write")
async def get_customer_key(customer_id: Code, key_id: KeyId, reading: Reading) -> CustomerKeyView:
    return await key_queries.customer_key(reading, customer_id, key_id)


@api.delete("/customers/{customer_id}/keys/{key_id}", status_code=204)
@needs("keys:write")
async def delete_customer_key(customer_id: Code, key_id: KeyId, tx: Tx) -> None:
    """Revoke it: dead in crm at once, in the other services within 5 s. Again is harmless."""
    only(await revoke_keys(tx, [(key_id, customer_id)]))


@api.post("/keys", response_model=IssuedStaffKey, status_code=201, description=SHOWN_ONCE, dependencies=[secret_answer])
@needs("admin")
async def post_staff_key(new: NewStaffKey, who: Who, tx: Tx, response: Response) -> IssuedStaffKey:
    done = only(await issue_keys(tx, who, [Wanted.of_staff(new.role, new.expires_at, new.label)]))
    response.headers["Location"] = f"/keys/{done.value.key_id}"
    return IssuedStaffKey.model_validate(done.value.shown(), from_attributes=True)


@api.get("/keys", response_model=Page[StaffKeyView])
@needs("admin")
async def get_staff_keys(reading: Reading, filters: Annotated[KeyFilters, Query()]) -> Page[StaffKeyView]:
    """The keys of our own people, revoked and expired ones too."""
    return await key_queries.staff_keys(reading, filters)


@api.get("/keys/{key_id}", response_model=StaffKeyView)
@needs("admin")
async def get_staff_key(key_id: KeyId, reading: Reading) -> StaffKeyView:
    return await key_queries.staff_key(reading, key_id)


@api.delete("/keys/{key_id}", status_code=204)
@needs("admin")
async def delete_staff_key(key_id: KeyId, tx: Tx) -> None:
    """Revoke it: dead in crm at once, in the other services within 5 s. Again is harmless."""
    only(await revoke_keys(tx, [(key_id, None)]))
